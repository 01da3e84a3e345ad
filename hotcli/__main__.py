"""``python -m hotcli``, for launchers that start modules."""

from hotcli.app import main

if __name__ == "__main__":
    main()
