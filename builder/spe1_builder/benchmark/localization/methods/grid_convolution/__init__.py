"""The best matching artificial templates of a fine grid."""
