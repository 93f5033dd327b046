"""Resources as US Core and Gravity SDOH Clinical Care profile them: pure functions from statements to plain dicts."""
