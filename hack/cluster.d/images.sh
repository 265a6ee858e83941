# shellcheck shell=bash
# Images: built with buildah, loaded into the node without a registry.

PAUSE_IMAGE=registry.local/pause:1
PYTHON_BASE=docker.io/library/python:3.11-slim-bookworm
POSTGRES_BASE=docker.io/library/postgres:15

# In storage of its own: a killed build may leave it broken, and then it is thrown away without asking.
# chroot isolation works where a build may not make namespaces of its own.
buildah() {
    BUILDAH_ISOLATION=chroot command buildah --root "$CACHE/buildah" --runroot "$RUN/buildah" --storage-driver overlay "$@"
}

# build_image TAG DOCKERFILE CONTEXT [buildah argument...]
build_image() {
    local tag=$1 file=$2 context=$3 name
    local -a arguments=()
    shift 3
    make_base_images
    see_pip_of_this_machine
    for name in "${PIP_MOUNTS[@]}"; do arguments+=(--volume "$name"); done
    # --format oci: the node reads no other without translating each layer.
    buildah build --format oci --pull-never --network host --layers --force-rm "${arguments[@]}" --tag "$tag" --file "$file" \
        "$@" "$context" > "$CACHE/image.log" 2>&1 || { tail -30 "$CACHE/image.log" >&2; fail "$tag was not built; see $CACHE/image.log"; }
    say "built $tag"
    if lives containerd; then load "$tag"; fi
}

# pip inside a build asks where pip outside asks: same index, same certificates, same folders of wheels.
see_pip_of_this_machine() {
    local path
    python3 - > "$CACHE/pip.conf" << 'PYTHON'
import ast, subprocess, sys
listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True).stdout
settings = {}
for line in sorted(listed.splitlines(), key=lambda line: line.startswith(":env:")):  # the environment has the last word
    name, _, value = line.partition("=")
    settings[name.rpartition(".")[2]] = ast.literal_eval(value)
print("[global]", *(f"{name} = {value}" for name, value in settings.items()), sep="\n")
PYTHON
    PIP_MOUNTS=("$CACHE/pip.conf:/etc/pip.conf:ro")
    while read -r path; do
        [ ! -e "$path" ] || PIP_MOUNTS+=("$path:$path:ro")
    done < <(grep -oE '(file://|[[:space:]])/[^[:space:]]+' "$CACHE/pip.conf" | sed -E 's#^(file://|[[:space:]])##; s#/simple$##' | sort -u)
}

# load TAG: give the node those layers that it lacks. Layers stay uncompressed, which buildah's own push cannot: gzip would
# take minutes for a worker's gigabytes, and both ends keep them unpacked anyway.
load() {
    local tag=$1 layout
    layout=$(mktemp -d "$CACHE/load.XXXX")
    mkdir -p "$layout/blobs/sha256"
    pretend_to_have_what_the_node_has "$tag" "$layout/blobs/sha256"
    skopeo copy --quiet --dest-oci-accept-uncompressed-layers \
        "containers-storage:[overlay@$CACHE/buildah+$RUN/buildah]$tag" "oci:$layout:$tag"
    find "$layout/blobs/sha256" -type f -links +1 -delete
    # containerd's own annotation for an image's name; without it the name would be made up of the date.
    sed -i "s#\"org.opencontainers.image.ref.name\":\"[^\"]*\"#\"io.containerd.image.name\":\"$tag\"#" "$layout/index.json"
    tar --create --directory "$layout" . | node images import - > /dev/null
    rm -rf "$layout"
    say "the node has $tag"
}

# Hard links to the node's copies: nothing is written that is there already.
pretend_to_have_what_the_node_has() {
    local digest held
    for digest in $(buildah inspect --type image --format '{{range .OCIv1.RootFS.DiffIDs}}{{println .}}{{end}}' "$1"); do
        held=$CACHE/containerd/io.containerd.content.v1.content/blobs/sha256/${digest#sha256:}
        [ ! -f "$held" ] || ln "$held" "$2/"
    done
}

# What buildah has no name for goes: from its own storage, and Podium's images from the node too.
prune() {
    local name
    buildah rm --all > /dev/null
    buildah rmi --prune > /dev/null 2>&1 || true
    for name in $(node images ls -q 'name~=^docker.io/library/podium-' | grep -vxFf <(buildah images --format '{{.Name}}:{{.Tag}}') || true); do
        node images rm "$name" > /dev/null
    done
    # The kubelet's own names for images, by their digest, outlive the tags.
    for name in $(node images ls | awk 'NR > 1 && $1 !~ /^sha256:/ {tagged[$3] = 1} $1 ~ /^sha256:/ {other[$1] = $3}
        END {for (name in other) if (!(other[name] in tagged)) print name}'); do
        node images rm --sync "$name" > /dev/null
    done
}

# The image that holds a Pod's namespaces open.
load_pause_image() {
    node images ls -q "name==$PAUSE_IMAGE" | grep -q . && return
    mend_storage
    local folder container
    folder=$(mktemp -d)
    cat > "$folder/pause.c" << 'C'
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void leave(int s) { exit(0); }
static void reap(int s) { while (waitpid(-1, 0, WNOHANG) > 0); }
int main(void) { signal(SIGINT, leave); signal(SIGTERM, leave); signal(SIGCHLD, reap); for (;;) pause(); }
C
    gcc -O2 -static -o "$folder/pause" "$folder/pause.c"
    container=$(buildah from scratch)
    buildah copy --quiet "$container" "$folder/pause" /pause > /dev/null
    buildah config --entrypoint '["/pause"]' "$container"
    buildah commit --quiet --rm "$container" "$PAUSE_IMAGE" > /dev/null
    rm -rf "$folder"
    load "$PAUSE_IMAGE"
}

# A registry would serve these; here they are made of Debian's packages, under the names that the Dockerfiles ask for.
make_base_images() {
    need_images_programs
    mend_storage
    buildah images --quiet "$PYTHON_BASE" > /dev/null 2>&1 || make_python_base
    buildah images --quiet "$POSTGRES_BASE" > /dev/null 2>&1 || make_postgres_base
}

mend_storage() {
    mkdir -p "$RUN"
    buildah images > /dev/null 2>&1 && return
    say "the storage of images is broken, perhaps by a build that was killed; making it anew"
    rm -rf "$CACHE/buildah" "$RUN/buildah"
}

make_python_base() {
    local root=$CACHE/rootfs container
    say "making $PYTHON_BASE; log in $CACHE/debootstrap.log"
    rm -rf "$root" # half of one, if any
    debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates bookworm "$root" "$(debian_mirror)" \
        > "$CACHE/debootstrap.log" 2>&1 || fail "no base image; see $CACHE/debootstrap.log"
    # As slim as the image whose name it bears.
    rm -rf "$root"/usr/lib/python3*/EXTERNALLY-MANAGED "$root"/var/{cache/apt,lib/apt/lists,log}/* \
        "$root"/usr/share/{doc,man,info,locale}/* "$root"/usr/lib/*/gconv
    find "$root/usr/lib/python3" -name __pycache__ -prune -exec rm -rf {} +
    ln -sf /usr/bin/python3 "$root/usr/local/bin/python"
    ln -sf /usr/bin/python3 "$root/usr/local/bin/python3"
    ln -sf /usr/bin/pip3 "$root/usr/local/bin/pip"
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$root" / > /dev/null
    buildah config --cmd python3 --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "$PYTHON_BASE" > /dev/null
    rm -rf "$root"
}

make_postgres_base() {
    local container
    say "making $POSTGRES_BASE; log in $CACHE/apt.log"
    container=$(buildah from --pull-never "$PYTHON_BASE")
    buildah run --network host "$container" -- sh -c 'apt-get update -q && apt-get install -y -q --no-install-recommends postgresql-15 &&
        rm -rf /var/lib/apt/lists/* && usermod -u 999 postgres && groupmod -g 999 postgres &&
        mkdir -p /var/lib/postgresql/data && chown -R 999:999 /var/lib/postgresql' >> "$CACHE/apt.log" 2>&1
    buildah copy --quiet --chmod 0755 "$container" "$PARTS/postgres-entrypoint.sh" /usr/local/bin/docker-entrypoint.sh > /dev/null
    buildah config --user 999:999 --port 5432 --cmd '' --entrypoint '["/usr/local/bin/docker-entrypoint.sh"]' "$container"
    buildah commit --quiet --rm "$container" "$POSTGRES_BASE" > /dev/null
}
