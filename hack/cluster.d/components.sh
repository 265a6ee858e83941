# shellcheck shell=bash
# The cluster's processes: how each is started, stopped and known to live.

COMPONENTS=(containerd etcd apiserver controllers scheduler kubelet proxy dns) # in the order of their needs
ETCD=http://127.0.0.1:23790                                                    # not the usual port: a machine may have an etcd
STOP_SECONDS=5

start_all() {
    mkdir -p "$STATE"/{log,process,pki} "$RUN" "$CACHE/bin"
    make_certificates
    make_kubeconfig
    make_network
    local name
    for name in "${COMPONENTS[@]}"; do
        case $name in
            etcd) forget_containers && load_pause_image ;; # between containerd, which it needs, and the kubelet
            controllers) wait_until 60 "the API server answers" kubectl_of_ours get --raw /readyz ;;
        esac
        start_component "$name"
    done
    wait_until 60 "the node registers" kubectl_of_ours get node "$NODE"
    kubectl_of_ours wait --for=condition=Ready "node/$NODE" --timeout=90s >&2
    # Controllers make it in the background; a Pod that comes before it is refused.
    wait_until 30 "there is a service account" kubectl_of_ours get serviceaccount default
}

stop_all() {
    local index
    for ((index = ${#COMPONENTS[@]} - 1; index >= 0; index--)); do stop_component "${COMPONENTS[index]}"; done
}

is_up() {
    local name
    for name in "${COMPONENTS[@]}"; do lives "$name" || return 1; done
    kubectl_of_ours get --raw /readyz > /dev/null 2>&1
}

status() {
    local name is_whole=0
    for name in "${COMPONENTS[@]}"; do
        if lives "$name"; then echo "$name lives"; else echo "$name is down" && is_whole=1; fi
    done
    return "$is_whole"
}

start_component() {
    local name=$1
    lives "$name" && return
    cd "$STATE" || fail "hack/cluster up comes first"
    case $name in
        containerd) start_containerd ;;
        etcd)
            # Patient: a busy machine must not cost it its leadership.
            run etcd etcd --data-dir "$STATE/etcd" --listen-client-urls "$ETCD" --advertise-client-urls "$ETCD" \
                --listen-peer-urls http://127.0.0.1:23800 --heartbeat-interval 500 --election-timeout 5000
            ;;
        apiserver)
            run apiserver "$BINARIES/kube-apiserver" --etcd-servers="$ETCD" --secure-port=6443 --advertise-address="$NODE_IP" \
                --tls-cert-file=pki/apiserver.crt --tls-private-key-file=pki/apiserver.key --client-ca-file=pki/ca.crt \
                --service-account-key-file=pki/sa.key --service-account-signing-key-file=pki/sa.key \
                --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range="$SERVICE_RANGE" \
                --authorization-mode=Node,RBAC --allow-privileged=true \
                --kubelet-client-certificate=pki/admin.crt --kubelet-client-key=pki/admin.key
            ;;
        controllers)
            run controllers "$BINARIES/kube-controller-manager" --kubeconfig="$KUBECONFIG_OF_OURS" --leader-elect=false \
                --service-account-private-key-file=pki/sa.key --root-ca-file=pki/ca.crt --use-service-account-credentials \
                --cluster-signing-cert-file=pki/ca.crt --cluster-signing-key-file=pki/ca.key \
                --kube-api-qps=100 --kube-api-burst=200
            ;;
        scheduler) run scheduler "$BINARIES/kube-scheduler" --kubeconfig="$KUBECONFIG_OF_OURS" --leader-elect=false ;;
        kubelet) start_kubelet ;;
        proxy)
            # 0: the limit of connections to track is this machine's own business, and may be read-only.
            run proxy "$BINARIES/kube-proxy" --kubeconfig="$KUBECONFIG_OF_OURS" --cluster-cidr="$POD_RANGE" \
                --hostname-override="$NODE" --proxy-mode=iptables --conntrack-max-per-core=0
            ;;
        dns) run dns python3 "$PARTS/dns.py" --kubeconfig "$KUBECONFIG_OF_OURS" --listen "$NODE_IP" --hosts "$STATE/hosts" ;;
        *) fail "no component is named $name; there are ${COMPONENTS[*]}" ;;
    esac
}

# Ends the process as a crash would, unless it leaves by itself at once. Returns when it is gone.
stop_component() {
    local name=$1 process deadline=$((SECONDS + STOP_SECONDS))
    lives "$name" || return 0
    read -r process _ < "$STATE/process/$name"
    kill "$process" 2> /dev/null || true
    while lives "$name"; do
        [ "$SECONDS" -lt "$deadline" ] || kill -9 "$process" 2> /dev/null || true
        sleep 0.1
    done
}

# A session of its own: what ends the caller's processes spares it. The lock (9) is not for it to keep.
run() {
    local name=$1 process
    shift
    setsid nohup "$@" >> "$STATE/log/$name.log" 2>&1 < /dev/null 9>&- &
    process=$!
    echo "$process $(started_at "$process")" > "$STATE/process/$name"
}

# A number alone is no proof: after all was killed, somebody else's process may bear it.
lives() {
    local process began
    [ -f "$STATE/process/$1" ] || return 1
    read -r process began < "$STATE/process/$1"
    [ -n "$began" ] && [ "$(started_at "$process")" = "$began" ]
}

# In ticks since boot, and nothing for a process that is gone. A zombie is gone too. The name before it may hold spaces.
started_at() {
    local line fields
    line=$(cat "/proc/$1/stat" 2> /dev/null) || return 0
    read -ra fields <<< "${line##*) }"
    [ "${fields[0]}" = Z ] || echo "${fields[19]}"
}

kubectl_of_ours() { kubectl --kubeconfig "$KUBECONFIG_OF_OURS" "$@"; }
node() { ctr --address "$RUN/containerd.sock" --namespace k8s.io "$@"; }

start_containerd() {
    # restrict_oom_score_adj: containers start although root lacks CAP_SYS_RESOURCE, as in a sandbox.
    cat > "$STATE/containerd.toml" << TOML
version = 2
root = "$CACHE/containerd"
state = "$RUN/containerd"
[grpc]
address = "$RUN/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "$PAUSE_IMAGE"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "$STATE/cni"
TOML
    run containerd containerd --config "$STATE/containerd.toml"
    wait_until 30 "containerd answers" node version
}

# Its database still lists the Pods of a cluster that was killed; the CRI part has read them by now, hence the restart.
forget_containers() {
    local container
    [ -n "$(node containers ls -q)" ] || return 0
    for container in $(node containers ls -q); do
        node tasks rm -f "$container" > /dev/null 2>&1 || true
        node containers rm "$container" > /dev/null 2>&1 || true
    done
    stop_component containerd
    rm -rf "$CACHE/containerd/io.containerd.grpc.v1.cri"
    start_component containerd
}

start_kubelet() {
    # 250 Pods and faster status writes: 100 workers at once are a test. Images are removed by `prune` alone.
    cat > "$STATE/kubelet.yaml" << YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, x509: {clientCAFile: $STATE/pki/ca.crt}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
failSwapOn: false
clusterDNS: [$NODE_IP]
clusterDomain: cluster.local
maxPods: 250
kubeAPIQPS: 50
kubeAPIBurst: 100
evictionHard: {memory.available: 200Mi, nodefs.available: 1%, imagefs.available: 1%}
imageGCHighThresholdPercent: 100
tlsCertFile: $STATE/pki/kubelet.crt
tlsPrivateKeyFile: $STATE/pki/kubelet.key
YAML
    run kubelet "$BINARIES/kubelet" --config="$STATE/kubelet.yaml" --kubeconfig="$KUBECONFIG_OF_OURS" \
        --hostname-override="$NODE" --node-ip="$NODE_IP" --root-dir="$STATE/kubelet" --pod-infra-container-image="$PAUSE_IMAGE" \
        --container-runtime=remote --container-runtime-endpoint="unix://$RUN/containerd.sock"
}

# pid_of_container NAMESPACE POD [CONTAINER]: for tests that kill it from outside, which no Pod can see coming.
pid_of_container() {
    local selected='.status.containerStatuses[0].containerID' id
    [ $# -lt 3 ] || selected=".status.containerStatuses[?(@.name==\"$3\")].containerID"
    id=$(kubectl_of_ours --namespace "$1" get pod "$2" -o "jsonpath={$selected}")
    node tasks ls | awk -v id="${id#containerd://}" '$1 == id && $3 == "RUNNING" {print $2; found = 1} END {exit !found}'
}

make_network() {
    local chain
    ip link add cni0 type bridge 2> /dev/null || true
    ip addr replace "$NODE_IP/${POD_RANGE#*/}" dev cni0
    ip link set cni0 up
    sysctl -qw net.ipv4.ip_forward=1
    # Without it an answer between two Pods of this bridge goes past the rules that translated the question.
    modprobe br_netfilter 2> /dev/null || true
    sysctl -qw net.bridge.bridge-nf-call-iptables=1 2> /dev/null || true
    # Between two tables' rules, as endpoints go, a Service's address is translated by none: a gateway beyond this machine
    # may answer there, with anything. "KUBE-": removed with the others.
    for chain in OUTPUT FORWARD; do
        iptables -A "$chain" -d "$SERVICE_RANGE" -m comment --comment "left by KUBE-SERVICES" -j REJECT
    done
    grep -q "^$NODE_IP $NODE\$" /etc/hosts || echo "$NODE_IP $NODE" >> /etc/hosts # how the API server finds the kubelet
    mkdir -p "$STATE/cni"
    cat > "$STATE/cni/10-pods.conflist" << JSON
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$POD_RANGE", "gateway": "$NODE_IP"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
}

make_certificates() {
    cd "$STATE/pki" || exit
    openssl genrsa -out ca.key 2048 2> /dev/null
    openssl genrsa -out sa.key 2048 2> /dev/null
    openssl req -x509 -new -key ca.key -subj /CN=kube-ca -days 365 -out ca.crt
    sign apiserver /CN=kube-apiserver serverAuth \
        "DNS:kubernetes.default.svc,DNS:localhost,IP:127.0.0.1,IP:${SERVICE_RANGE%.*}.1,IP:$NODE_IP"
    sign admin /O=system:masters/CN=admin clientAuth DNS:admin
    sign kubelet "/O=system:nodes/CN=system:node:$NODE" serverAuth,clientAuth "DNS:$NODE,IP:$NODE_IP"
}

# sign NAME SUBJECT USES ALTERNATIVE_NAMES
sign() {
    openssl req -new -newkey rsa:2048 -nodes -keyout "$1.key" -subj "$2" -out "$1.csr" 2> /dev/null
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -out "$1.crt" \
        -extfile <(printf 'extendedKeyUsage=%s\nsubjectAltName=%s\n' "$3" "$4") 2> /dev/null
}

make_kubeconfig() {
    cd "$STATE" || exit
    kubectl_of_ours config set-cluster local --server=https://127.0.0.1:6443 --certificate-authority=pki/ca.crt --embed-certs
    kubectl_of_ours config set-credentials admin --client-certificate=pki/admin.crt --client-key=pki/admin.key --embed-certs
    kubectl_of_ours config set-context local --cluster=local --user=admin
    kubectl_of_ours config use-context local
} > /dev/null
