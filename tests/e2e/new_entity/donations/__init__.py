"""Donations to an organization."""
