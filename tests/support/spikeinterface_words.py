"""Words that differ between the versions of SpikeInterface that are supported."""

import inspect

from spikeinterface.core import BaseRecording

#: Keyword of ``get_traces`` for microvolts: ``return_scaled`` until 0.102.
IN_UV = {
    name: True
    for name in ("return_in_uV", "return_scaled")
    if name in inspect.signature(BaseRecording.get_traces).parameters
}
