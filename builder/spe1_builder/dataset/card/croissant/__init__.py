"""The card for programs: Croissant 1.1, with its fields on responsible AI and on provenance."""
