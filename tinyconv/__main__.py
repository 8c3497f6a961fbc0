"""python -m tinyconv"""

from .cli import main

raise SystemExit(main())
