"""What a part loads to start."""

import subprocess
import sys

LOADED = "import sys; from tasks import kinds; kinds.load(); import api; print('botocore' in sys.modules)"


def test_a_part_that_keeps_files_in_a_folder_loads_nothing_of_s3() -> None:
    assert subprocess.check_output([sys.executable, "-c", LOADED], text=True) == "False\n"
