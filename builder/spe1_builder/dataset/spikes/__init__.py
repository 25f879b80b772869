"""The ground-truth spikes of a built cell: what tables and views of them share."""
