{{/* The six recommended labels of a resource, and its chart. Takes root and component. */}}
{{- define "podium.labels" -}}
{{ include "podium.podLabels" . }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The six labels of a Pod. Takes root, component, and the version when it is not Podium's own. */}}
{{- define "podium.podLabels" -}}
{{ include "podium.selectorLabels" . }}
app.kubernetes.io/version: {{ default .root.Chart.AppVersion .version | trunc 63 | trimAll "-._" | quote }}
app.kubernetes.io/part-of: podium
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{/* What tells one component's Pods from all others. Takes root and component; never changes. */}}
{{- define "podium.selectorLabels" -}}
app.kubernetes.io/name: podium
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* The workers' Pods. The controller labels them; a release's name is not among their labels. */}}
{{- define "podium.workerLabels" -}}
app.kubernetes.io/name: podium
app.kubernetes.io/component: worker
{{- end }}
