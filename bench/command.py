"""`counterfoil` with the benchmark's own kinds."""

import bench.kinds  # noqa: F401  registers them
from cli.main import main

if __name__ == "__main__":
    main()
