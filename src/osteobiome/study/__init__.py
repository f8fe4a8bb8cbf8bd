"""Studies: the file that declares one, the plan, the runner and its steps."""

from osteobiome.study.runner import RunResult, run_study
from osteobiome.study.study import Study, load_study

__all__ = ["RunResult", "Study", "load_study", "run_study"]
