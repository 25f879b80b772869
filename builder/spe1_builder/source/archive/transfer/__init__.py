"""Files on their way: fetched, checked, unpacked."""
