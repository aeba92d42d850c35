/** Docker work of one machine: build, image scans, serving. A run stays on the host that built its images. */
export function hostQueue(host: string): string {
  return `reprise-host-${host}`;
}

/** Training without a GPU: one container at a time, so that no run slows another's budget. */
export function cpuQueue(host: string): string {
  return `reprise-cpu-${host}`;
}

/** Training on one device, by the UUID that nvidia-smi prints. */
export function gpuQueue(host: string, uuid: string): string {
  return `reprise-gpu-${host}-${uuid}`;
}
