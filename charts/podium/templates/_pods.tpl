{{/* What every Pod is, under the Pod Security Standard `restricted`. Takes the user's number. */}}
{{- define "podium.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{/* What every container is, under the Pod Security Standard `restricted`. */}}
{{- define "podium.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* Where Pods may run. Takes a component's values. */}}
{{- define "podium.placement" -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" }}
{{- with index $ $key }}
{{ dict $key . | toYaml }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where Pods that mount the artifacts may run: where the values say, and beside their volume. Takes root and values. */}}
{{- define "podium.placementByArtifacts" -}}
{{- $given := .values -}}
{{- if include "podium.artifacts.onOneNode" .root -}}
{{- $key := "requiredDuringSchedulingIgnoredDuringExecution" -}}
{{- $pods := default dict $given.affinity.podAffinity -}}
{{- $terms := append (default list (get $pods $key)) (include "podium.artifacts.affinityTerm" .root | fromYaml) -}}
{{- $affinity := merge (dict "podAffinity" (merge (dict $key $terms) $pods)) $given.affinity -}}
{{- $given = merge (dict "affinity" $affinity) $given -}}
{{- end -}}
{{- include "podium.placement" $given -}}
{{- end }}

{{/* How the controller finds its database. */}}
{{- define "podium.databaseEnv" -}}
{{- if .Values.database.existingSecret -}}
- name: PODIUM_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret }}
      key: {{ .Values.database.key }}
{{- else -}}
- name: PGPASSWORD # libpq reads it; within the URL it would have to be escaped
  valueFrom:
    secretKeyRef:
      name: {{ include "podium.postgres.secretName" . }}
      key: {{ .Values.postgres.key }}
- name: PODIUM_DATABASE_URL
  value: postgresql://podium@{{ include "podium.postgres.fullname" . }}:5432/podium
{{- end }}
- name: PODIUM_DATABASE_POOL
  value: {{ .Values.database.pool | quote }}
- name: PODIUM_LOG_LEVEL
  value: {{ .Values.logLevel }}
- name: HOME
  value: /tmp
{{- end }}

{{/* What API and reconciler are both told. */}}
{{- define "podium.serviceEnv" -}}
{{ include "podium.databaseEnv" . }}
- name: PODIUM_SECRET_KEY
  valueFrom:
    secretKeyRef:
      name: {{ include "podium.secretKey.secretName" . }}
      key: {{ .Values.auth.secretKey.key }}
- name: PODIUM_CLUSTER
  value: kubernetes
- name: PODIUM_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: PODIUM_HOST
  value: 0.0.0.0
- name: PODIUM_WORKER_URL
  value: http://{{ include "podium.api.fullname" . }}.$(PODIUM_NAMESPACE).svc:8080
- name: PODIUM_ARTIFACTS_URL
  value: {{ .Values.artifacts.url }}
{{- end }}

{{/* What no experiment may mount or read: the keys of this release, its database's password and files. */}}
{{- define "podium.reservedNames" -}}
{{- $names := list (include "podium.adminToken.secretName" .) (include "podium.secretKey.secretName" .) }}
{{- with .Values.oidc.clientSecret.existingSecret }}
{{- $names = append $names . }}
{{- end }}
{{- if .Values.database.existingSecret }}
{{- $names = append $names .Values.database.existingSecret }}
{{- else }}
{{- $names = append $names (include "podium.postgres.secretName" .) }}
{{- $names = append $names (default (printf "data-%s-0" (include "podium.postgres.fullname" .)) .Values.postgres.volume.existingClaim) }}
{{- end }}
{{- $names | uniq | join "," }}
{{- end }}

{{/* Whether Pods migrate as they start: docs/decisions/0009-migrations-in-a-chart.md */}}
{{- define "podium.migratesOnStart" -}}
{{- if or (not .Values.database.existingSecret) (not .Values.migrations.hook) }}true{{ end }}
{{- end }}

{{/* The container that migrates: of the hook, and before the API and the reconciler start. */}}
{{- define "podium.migrateContainer" -}}
name: migrate
image: {{ include "podium.image" (dict "image" .Values.image "appVersion" .Chart.AppVersion) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
command: [podium-controller, migrate, "--wait-seconds={{ .Values.migrations.waitSeconds }}"]
env:
  {{- include "podium.databaseEnv" . | nindent 2 }}
securityContext:
  {{- include "podium.containerSecurityContext" . | nindent 2 }}
resources:
  {{- toYaml .Values.migrations.resources | nindent 2 }}
volumeMounts:
  - name: tmp
    mountPath: /tmp
{{- end }}
