# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Spikes in SQL
#
# `spe1.spikes` is an Arrow table, one row a ground-truth spike, and
# [duckdb](https://duckdb.org) queries it where it lies.

# %%
import duckdb
import matplotlib.pyplot as plt

import spe1

spikes = spe1.spikes("spe1")
cells = spe1.cells("spe1")
print(f"{spikes.num_rows:,} spikes of {len(spikes['cell_id'].unique())} cells")
duckdb.sql("select * from spikes limit 5").df()

# %% [markdown]
# ## Rates and intervals
#
# Beside the catalogue: the share of intervals under 10 ms, and the coefficient of variation.

# %%
duckdb.sql("""
    select cell_id, patch_type, origin, count(*) as n_spikes,
           round(count(*) / any_value(duration_s), 2) as rate_hz,
           round(median(isi_s) * 1000, 1) as median_isi_ms,
           round(stddev_samp(isi_s) / avg(isi_s), 2) as isi_cv,
           round(avg((isi_s < 0.010)::int) * 100, 1) as percent_under_10_ms
    from spikes join cells using (cell_id)
    group by all order by rate_hz desc
""").df()

# %% [markdown]
# ## Bursts
#
# `burst_index` is 0 for a spike alone and for the first of a burst. Within a burst many neurons get
# smaller, which is where sorters lose them: amplitude on the peak channel, relative to the cell's
# spikes that are first.

# %%
bursts = duckdb.sql("""
    with first as (
        select cell_id, median(amplitude_uV) as first_uV
        from spikes where burst_index = 0 group by cell_id
    )
    select burst_index + 1 as place_in_burst, count(*) as n_spikes,
           round(median(amplitude_uV / first_uV), 3) as relative_amplitude
    from spikes join first using (cell_id)
    group by all order by place_in_burst
""").df()
bursts

# %% [markdown]
# ## Intervals, drawn
#
# The histogram is made by the database as well; ten bins a decade.

# %%
histogram = duckdb.sql("""
    select cell_id, floor(log10(isi_s * 1000) * 10) / 10 as log_isi_ms, count(*) as n
    from spikes where isi_s > 0 group by all order by all
""").df()

figure, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
for cell_id, part in histogram.groupby("cell_id"):
    axes.step(10 ** part["log_isi_ms"], part["n"], where="post", label=cell_id)
axes.set(xscale="log", xlabel="inter-spike interval (ms)", ylabel="intervals")
axes.legend(frameon=False, ncols=2)
# %% [markdown]
# ## To a file
#
# Any query goes to Parquet or CSV; the whole table does so with `spe1 spikes --parquet FILE`.

# %%
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "bursts.parquet"
    duckdb.sql(f"copy (select * from spikes where burst_index > 0) to '{path}' (format parquet)")
    print(duckdb.sql(f"select count(*) as n_spikes_within_bursts from '{path}'"))
