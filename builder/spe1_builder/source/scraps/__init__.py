"""Parts of the real recordings that are public, and come with the package."""
