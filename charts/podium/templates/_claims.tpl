{{/* A PersistentVolumeClaim that stays when the release goes. Takes root, name, component and the volume's values. */}}
{{- define "podium.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "podium.labels" . | nindent 4 }}
  annotations:
    helm.sh/resource-policy: keep
spec:
  {{- include "podium.claimSpec" .volume | nindent 2 }}
{{- end }}

{{/* What a claim asks for. Takes a volume's values. */}}
{{- define "podium.claimSpec" -}}
accessModes:
  {{- toYaml .accessModes | nindent 2 }}
{{- if .storageClass }}
storageClassName: {{ ternary "" .storageClass (eq .storageClass "-") | quote }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end }}
