"""Pure functions from statements to resources of US Core and Gravity SDOH Clinical Care."""
