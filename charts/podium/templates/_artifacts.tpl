{{/* Where checkpoints are mounted, or nothing when an object store has them. */}}
{{- define "podium.artifacts.path" -}}
{{- if hasPrefix "file://" .Values.artifacts.url }}{{ trimPrefix "file://" .Values.artifacts.url }}{{ end }}
{{- end }}
