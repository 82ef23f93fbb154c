#!/usr/bin/env bash
# A SLURM of one node on this machine, for tests: slurm.sh start | stop
#
# Debian or Ubuntu, as root. Configuration, state and logs lie in SLURM_FOLDER. The one file outside
# it is a link, /etc/slurm/slurm.conf, where SLURM's commands look for their configuration: the
# environment variable SLURM_CONF would not do, because Snakemake's job steps clear SLURM_*.
set -euo pipefail

folder=${SLURM_FOLDER:-${TMPDIR:-/tmp}/prn-slurm}
link=/etc/slurm/slurm.conf
munge=$folder/munge # munged insists on a folder that only its owner can write to

fail() {
    echo "slurm.sh: $*" >&2
    exit 1
}

runs() { # runs NAME: is the daemon that wrote NAME.pid alive, and is it really NAME?
    local pid
    pid=$(cat "$folder/$1.pid" 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ]
}

install_packages() {
    local name missing=()
    for name in slurmctld slurmd munged sbatch; do
        command -v "$name" >/dev/null || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return
    echo "installing Debian's slurmctld, slurmd, slurm-client and munge (no ${missing[*]} here)"
    export DEBIAN_FRONTEND=noninteractive
    {
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge
    } >"$folder/apt.log" 2>&1 || fail "apt-get failed; read $folder/apt.log"
}

# One node, two CPUs, no accounting, no cgroups: it schedules and cancels, and enforces no limits.
configure() {
    local memory
    memory=$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
    cat >"$folder/slurm.conf" <<CONF
ClusterName=prn
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthInfo=socket=$munge/socket
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0
SlurmdParameters=config_overrides
EnforcePartLimits=ALL
ReturnToService=2
MinJobAge=300
KillWait=5
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2 RealMemory=$memory State=UNKNOWN
PartitionName=test Nodes=localhost Default=YES MaxTime=INFINITE State=UP
CONF
    mkdir -p /etc/slurm "$folder/state" "$folder/spool"
    ln -sfn "$folder/slurm.conf" "$link"
}

launch() { # launch NAME COMMAND...: a daemon goes to the background by itself, or says why not
    local name=$1
    shift
    "$@" >>"$folder/$name.log" 2>&1 || fail "$name did not start; read $folder/$name.log"
}

start() {
    [ "$(id -u)" -eq 0 ] || fail "needs root: it installs packages and starts daemons"
    if runs munged && runs slurmctld && runs slurmd; then
        echo "SLURM runs already in $folder"
        return
    fi
    if [ -e "$link" ] && [ "$(readlink "$link")" != "$folder/slurm.conf" ]; then
        fail "$link exists: this machine has a SLURM of its own; remove that file or use that SLURM"
    fi
    stop_daemons # what a start that was broken off may have left
    mkdir -p "$folder"
    install -d -m 755 "$munge"
    install_packages
    configure
    [ -e "$munge/key" ] || mungekey --create --keyfile="$munge/key"
    launch munged munged --key-file="$munge/key" --socket="$munge/socket" \
        --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$munge/seed"
    launch slurmctld slurmctld -c # -c: forget the jobs of earlier starts
    launch slurmd slurmd -N localhost
    wait_for_node
    echo "SLURM runs in $folder: $(sinfo --noheader --format='node %n, %c CPUs, %m MiB, %T')"
}

wait_for_node() {
    for _ in $(seq 60); do
        [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ] && return
        sleep 0.5
    done
    fail "the node is not idle after 30 s; read $folder/slurmctld.log and $folder/slurmd.log"
}

stop_daemons() {
    local name
    if runs slurmctld && runs slurmd; then
        scancel --user="$(id -un)" || true
        for _ in $(seq 20); do
            [ -z "$(squeue --noheader 2>/dev/null)" ] && break
            sleep 0.5
        done
    fi
    for name in slurmd slurmctld munged; do
        runs "$name" || continue
        kill "$(cat "$folder/$name.pid")"
        for _ in $(seq 40); do
            runs "$name" || break
            sleep 0.25
        done
        ! runs "$name" || fail "$name did not stop within 10 s; read $folder/$name.log"
    done
}

stop() {
    stop_daemons
    [ "$(readlink "$link" 2>/dev/null)" != "$folder/slurm.conf" ] || rm "$link"
    echo "SLURM is stopped; its logs are in $folder"
}

case "${1:-}" in
start) start ;;
stop) stop ;;
*) fail "usage: slurm.sh start | stop (folder: $folder, settable with SLURM_FOLDER)" ;;
esac
