{{/* Prefix of every name, short enough for the longest suffix within a DNS label of 63, and for a StatefulSet's with the
11 letters more that its Pods' label controller-revision-hash has. */}}
{{- define "podium.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | replace "." "-" | trunc 43 | trimSuffix "-" -}}
{{- end }}

{{/* Deployment, Service, ServiceAccount and everything else of the API. */}}
{{- define "podium.api.fullname" -}}
{{ include "podium.fullname" . }}-api
{{- end }}

{{/* Everything of the reconciler. Its Deployment owns the Jobs. */}}
{{- define "podium.reconciler.fullname" -}}
{{ include "podium.fullname" . }}-reconciler
{{- end }}

{{/* The workers' ServiceAccount and NetworkPolicy. */}}
{{- define "podium.worker.fullname" -}}
{{ include "podium.fullname" . }}-worker
{{- end }}

{{/* ConfigMap with what a trial's Pod is unless its experiment says otherwise. */}}
{{- define "podium.podDefaults.fullname" -}}
{{ include "podium.fullname" . }}-pod-defaults
{{- end }}

{{/* Everything of the bundled PostgreSQL. */}}
{{- define "podium.postgres.fullname" -}}
{{ include "podium.fullname" . }}-postgres
{{- end }}

{{/* Everything of the migration hook. */}}
{{- define "podium.migrate.fullname" -}}
{{ include "podium.fullname" . }}-migrate
{{- end }}

{{/* Everything of `helm test`. */}}
{{- define "podium.test.fullname" -}}
{{ include "podium.fullname" . }}-test
{{- end }}

{{/* NetworkPolicy that denies what no other allows. */}}
{{- define "podium.denied.fullname" -}}
{{ include "podium.fullname" . }}-default-deny
{{- end }}

{{/* ServiceMonitor, PrometheusRule and the dashboard's ConfigMap. */}}
{{- define "podium.monitoring.fullname" -}}
{{ include "podium.fullname" . }}-monitoring
{{- end }}

{{/* Secret with the generated admin token and signing key. */}}
{{- define "podium.auth.fullname" -}}
{{ include "podium.fullname" . }}-auth
{{- end }}

{{/* Secret with the admin token: the user's, or the generated one. */}}
{{- define "podium.adminToken.secretName" -}}
{{ default (include "podium.auth.fullname" .) .Values.auth.adminToken.existingSecret }}
{{- end }}

{{/* Secret with the key that signs run tokens: the user's, or the generated one. */}}
{{- define "podium.secretKey.secretName" -}}
{{ default (include "podium.auth.fullname" .) .Values.auth.secretKey.existingSecret }}
{{- end }}

{{/* Secret with the bundled PostgreSQL's password: the user's, or the generated one. */}}
{{- define "podium.postgres.secretName" -}}
{{ default (include "podium.postgres.fullname" .) .Values.postgres.existingSecret }}
{{- end }}

{{/* PersistentVolumeClaim with checkpoints: the user's, or the chart's. */}}
{{- define "podium.artifacts.claimName" -}}
{{ default (printf "%s-artifacts" (include "podium.fullname" .)) .Values.artifacts.volume.existingClaim }}
{{- end }}

{{/* PersistentVolumeClaim with data sets: the user's, or the chart's. */}}
{{- define "podium.datasets.claimName" -}}
{{ default (printf "%s-datasets" (include "podium.fullname" .)) .Values.datasets.existingClaim }}
{{- end }}

{{/* PersistentVolumeClaim with pretrained weights: the user's, or the chart's. */}}
{{- define "podium.weights.claimName" -}}
{{ default (printf "%s-weights" (include "podium.fullname" .)) .Values.weights.existingClaim }}
{{- end }}
