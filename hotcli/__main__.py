"""``python -m hotcli``, for launchers that start modules."""

from hotcli.app import main

main()
