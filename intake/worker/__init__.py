"""The worker: acquire a lease, deliver, read back, and hold what needs a person."""
