"""Tables: from rows of cells to batches of records. Knows nothing of the format that the rows are in."""
