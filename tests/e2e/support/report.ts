// The report of the verify view, as scripts read it.
import { expect, Page } from '@playwright/test';

export interface Finding {
  rule: string;
  severity: 'error' | 'warning' | 'note';
  subject: string;
  expected: string | null;
  actual: string | null;
  message: string;
}

export interface BlobResult {
  digest: string;
  diffId: string | null;
  mediaType: string;
  size: number;
  uncompressedSize: number | null;
  entries: number | null;
  verdict: Verdict;
}

export type Verdict = 'verified' | 'failed' | 'incomplete';

export interface Report {
  reference: string;
  digest: string | null;
  verdict: Verdict;
  findings: Finding[];
  blobs: BlobResult[];
  elapsedMs: number;
  bytes: number;
}

/** Opens a reference's verify view and waits for its report. */
export async function verify(page: Page, reference: string, timeout = 120_000): Promise<Report> {
  await page.goto(`/${reference}/-/verify`);
  return reportOf(page, timeout);
}

/** Waits for the report of the verify view that is open. */
export async function reportOf(page: Page, timeout = 120_000): Promise<Report> {
  const panel = page.locator('[data-verify]');
  await expect(panel).toHaveAttribute('data-verify', /^(verified|failed|incomplete)$/, { timeout });
  const text = await page.locator('script#report').textContent();
  const report = JSON.parse(text ?? '') as Report;
  expect(await panel.getAttribute('data-verify')).toBe(report.verdict);
  return report;
}

/** The rules of the findings that made a verification fail. */
export function errors(report: Report): string[] {
  return report.findings.filter((finding) => finding.severity === 'error').map((f) => f.rule);
}
