"""The constants of `abi.pxd` as integers of Python, and from there of the package."""

globals().update(
    FS_IOC_GETFLAGS=<unsigned int>FS_IOC_GETFLAGS,
    CLONE_IO=<unsigned int>CLONE_IO,
    WCLONE=<unsigned int>WCLONE,
    SA_RESETHAND=<unsigned int>SA_RESETHAND,
    SA_ONESHOT=<unsigned int>SA_ONESHOT,
    SS_AUTODISARM=<unsigned int>SS_AUTODISARM,
    RLIM_INFINITY=<unsigned long long>RLIM_INFINITY,
)
