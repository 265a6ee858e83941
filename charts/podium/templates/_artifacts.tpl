{{/* Where checkpoints are mounted, or nothing when an object store has them. A worker has its own /tmp. */}}
{{- define "podium.artifacts.path" -}}
{{- if hasPrefix "file://" .Values.artifacts.url -}}
{{- $path := trimPrefix "file://" .Values.artifacts.url -}}
{{- if hasPrefix "/tmp/" (printf "%s/" (clean (printf "/%s" $path))) -}}
{{- fail "artifacts.url must not lie in /tmp, which every Pod has for itself; e.g. file:///artifacts" -}}
{{- end -}}
{{- $path -}}
{{- end -}}
{{- end }}

{{/* Whether checkpoints are on a volume that one node at a time can mount: all who mount it must share that node. */}}
{{- define "podium.artifacts.onOneNode" -}}
{{- if and (include "podium.artifacts.path" .) (not (has "ReadWriteMany" .Values.artifacts.volume.accessModes)) }}true{{ end }}
{{- end }}

{{/* The label that reconcilers have in common with workers, whom the controller gives the name of its Deployment. */}}
{{- define "podium.artifacts.userLabels" -}}
podium.dev/controller: {{ include "podium.reconciler.fullname" . }}
{{- end }}

{{/* Keeps a Pod on the node of those that use the checkpoints' volume. The first of them may go to any node. */}}
{{- define "podium.artifacts.affinityTerm" -}}
topologyKey: kubernetes.io/hostname
labelSelector:
  matchLabels:
    {{- include "podium.artifacts.userLabels" . | nindent 4 }}
{{- end }}

{{/* Environment variables for the object store that are no secrets. */}}
{{- define "podium.artifacts.env" -}}
{{- range $name, $value := .Values.artifacts.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{/* The object store's credentials. */}}
{{- define "podium.artifacts.envFrom" -}}
{{- with .Values.artifacts.existingSecret }}
envFrom:
  - secretRef:
      name: {{ . }}
{{- end }}
{{- end }}
