"""What readers share. A plugin may import these modules; they know nothing of the core but the contracts."""
