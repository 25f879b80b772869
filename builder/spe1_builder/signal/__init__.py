"""What is done to the data: counts to preprocessed microvolts, template, bad channels."""
