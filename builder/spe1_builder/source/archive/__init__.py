"""The archive: real cells from CRCNS, or from a copy of it, into the raw folder."""
