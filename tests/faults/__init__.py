"""Faults: processes killed, servers stopped, connections lost and disks filled in the midst of imports."""
