"""What made a result."""

import json
import platform

from osteobiome.core.provenance import DEPENDENCIES, provenance, version


def test_provenance__is_plain_data_with_versions():
    record = json.loads(json.dumps(provenance()))
    assert record["software"] == "osteobiome"
    assert record["version"] == version()
    assert record["python"] == platform.python_version()
    assert set(record["dependencies"]) == set(DEPENDENCIES)
    assert all(record["dependencies"].values())
