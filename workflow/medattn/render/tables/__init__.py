"""Tables: columns, values, formats, and one file for each kind of table."""
