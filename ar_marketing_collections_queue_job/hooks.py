"""What uninstalling does beyond removing data."""


def uninstall_hook(env):
    """Nobody could run the jobs that wait. Nothing is lost: the scheduled actions do the work again."""
    env["queue.job"]._collections_jobs().button_cancelled()
