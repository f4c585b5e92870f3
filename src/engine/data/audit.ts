import type { AuditFinding, Dataset } from './types'
export async function auditDataset(dataset: Dataset): Promise<AuditFinding[]> {
  return dataset.findings
}
