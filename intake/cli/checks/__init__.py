"""What `intake check` looks at, one module a part of the installation."""
