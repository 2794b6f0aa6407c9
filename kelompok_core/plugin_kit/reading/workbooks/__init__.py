"""Workbooks of every format: from bytes to sheets of cells as people see them."""
