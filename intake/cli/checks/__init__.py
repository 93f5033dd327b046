"""The parts of an installation that `intake check` examines, one module each."""
