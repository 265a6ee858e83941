# shellcheck shell=bash
# What a cluster leaves behind when all its processes were killed at once, and how to be rid of it.
#
# Mounts, network namespaces, interfaces, iptables rules, cgroups and files outlive their processes, and the next kubelet
# trips over each of them. Nothing here asks the cluster for help: it may be dead.

remove_remains() {
    refuse_to_break_another
    kill_containers
    unmount_all
    remove_network
    remove_cgroups
    # A killed containerd remembers containers that are gone. Its images are kept, and so is what they unpack to.
    rm -rf "$STATE" "$RUN" "$CACHE"/containerd/io.containerd.grpc.v1.cri "$CACHE"/load.*
    rm -rf /var/lib/cni/networks/pods /var/lib/cni/results/pods-*
}

# A cluster that lives and is none of ours uses the same ports, names and folders as ours would.
refuse_to_break_another() {
    local port owner
    for port in 6443 10250; do
        owner=$(ss -Hltnp "sport = :$port" 2> /dev/null || true)
        [ -z "$owner" ] || fail "another cluster is up on this machine, port $port is taken: $owner"
    done
}

# Whatever runs in a Pod's cgroup is a Pod's; the shims beside them name our socket.
kill_containers() {
    local process
    while read -r process; do
        kill -9 "$process" 2> /dev/null || true
    done < <(find /sys/fs/cgroup -path '*/kubepods*' -name cgroup.procs -exec cat {} + 2> /dev/null | sort -u)
    for process in $(pgrep -f "^/usr/bin/containerd-shim-runc-v2 .*-address $RUN/containerd.sock" || true); do
        kill -9 "$process" 2> /dev/null || true
    done
}

# Deepest first; a mount that is still busy is detached.
unmount_all() {
    local point
    while read -r point; do
        umount "$point" 2> /dev/null || umount --lazy "$point" 2> /dev/null || true
    done < <(awk -v state="$STATE/" -v run="$RUN/" -v built="$CACHE/buildah/" \
        'index($2, state) == 1 || index($2, run) == 1 || index($2, built) == 1 || $2 ~ "^/(var/)?run/netns/cni-" {print $2}' \
        /proc/self/mounts | sort -r)
    rm -f /run/netns/cni-*
}

remove_network() {
    local link table save
    command -v ip > /dev/null || return 0
    for link in $(ip -o link show master cni0 2> /dev/null | awk -F '[ @:]+' '{print $2}'); do ip link del "$link" || true; done
    ip link del cni0 2> /dev/null || true
    for save in iptables-save ip6tables-save; do
        command -v "$save" > /dev/null || continue
        for table in nat filter mangle; do
            $save -t "$table" 2> /dev/null | grep -E 'KUBE-|CNI-' > /dev/null || continue
            $save -t "$table" | grep -vE 'KUBE-|CNI-' | "${save%-save}-restore" -T "$table" || true
        done
    done
}

remove_cgroups() {
    find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} + 2> /dev/null || true
}
