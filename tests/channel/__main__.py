"""python -m channel: see scripts/make_channel."""

import sys

from .make_channel import main

sys.exit(main())
