"""What a build is asked for, what it takes in, and whether there is anything to do."""
