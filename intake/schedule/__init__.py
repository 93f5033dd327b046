"""Today's and tomorrow's appointments, and what their charts say now."""
