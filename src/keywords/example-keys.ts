/**
 * Keys that the examples of tokens use: made for them, and known to everybody. It must not be used for anything else.
 * size-ok: a table of keys.
 */
import type { StoredCertificate } from '../rules/jose/key-files.ts';

const CURVE_KEY =
  '-----BEGIN PUBLIC KEY-----\n' +
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE7nc/YUVKQLK30/s9DdapyqbKJlY7\n' +
  'JPetM6WS/0XliVjpt8M3wGnEFMtUeKKi+sTJj74G8An3WjzM6Y/l0J/elQ==\n' +
  '-----END PUBLIC KEY-----\n';

const CURVE_CERTIFICATE =
  '-----BEGIN CERTIFICATE-----\n' +
  'MIIBeDCCAR+gAwIBAgIUMRhUyYBlMD/4P+w4SHO2HzHAgyQwCgYIKoZIzj0EAwIw\n' +
  'ETEPMA0GA1UEAwwGdG9rZW5zMCAXDTI2MTEyMDE3MDkwMVoYDzIxMjYxMDI3MTcw\n' +
  'OTAxWjARMQ8wDQYDVQQDDAZ0b2tlbnMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n' +
  'AATudz9hRUpAsrfT+z0N1qnKpsomVjsk960zpZL/ReWJWOm3wzfAacQUy1R4oqL6\n' +
  'xMmPvgbwCfdaPMzpj+XQn96Vo1MwUTAdBgNVHQ4EFgQUPc4FDyIztICFIjDl5dVd\n' +
  'ACFsPUIwHwYDVR0jBBgwFoAUPc4FDyIztICFIjDl5dVdACFsPUIwDwYDVR0TAQH/\n' +
  'BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBR4dKBXjYbtUyyKhPlCNMJuvSxuiy5\n' +
  'QtdkxqHptvZtqgIgchntI9PMqN/vqfbbvLkWdN9SPW05wnxK+nnnYwuAHuA=\n' +
  '-----END CERTIFICATE-----\n';

const RSA_KEY =
  '-----BEGIN PRIVATE KEY-----\n' +
  'MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAMw3wEXEFOot07Dj\n' +
  'K+tGOPwlJpDfYe+JBNpUTo03n9n7LMjGHo3803KlVV3D7pHyY+AzMCF10c31Mneu\n' +
  'nyt5DJ8kCEsQ6IVQgVNSk30Af+jQmpt8ULERjfafPhQMVsQmGJEMRBFazO2Rp9b8\n' +
  'qPmxgnRz+WDkh9Vy6zxRBQqfe1yfAgMBAAECgYAfCToHYE1taZmKgHvkPb/bUioS\n' +
  'SmCv7rr2E2n8vD9m+W1M9g8etRXNjqLypRxUwem74QuniihgjKsm1TsLeFIad/MS\n' +
  'a6C2OxNstEkRTSfJv+FvAzhS86krDLyMHzWi4mXocre35XKQ1IIpU3AXkWnKv2Fe\n' +
  '9NO9s++VV/b9JEMpAQJBAOn2pj4M2gFmS/xll2Jx/lrOTZXsBX8M9zaiW3TzQ/7k\n' +
  'tqP3YzZsnkqni65WSrwWd3OD9pJtBqjjwkhtU8vuD7ECQQDfc97XtmdbMdvAixsf\n' +
  '+tI0iK7VjJujDa02pwIbjwnrWJYf6of4GqXeQy1YxfXcGGYLdNdY0ihy6j7TbkC3\n' +
  'KxVPAkEA1SLsKUTd6T5+5IzMD1PXqnOcfIKKM0blgvD/LhhbDj7fH5pD2JW00j+1\n' +
  '4PkdliFFaoeCPbxyv7LVD9QA7ZuO0QJBAIzhOeMYnktRwPHBAkYEVhlG/6ulrc58\n' +
  'ZfOqEdscMK3PuT7AGB+ldWQPSHzKunqca2HXtZnLTjM9WoTk4ypYoGMCQQCvVdj5\n' +
  '2bvGDQA2OEuE5qc9DuQ8SU5vDrNS/NYvdunmA6UVCtEPvSZW9Jen0Td+Aa5SjipF\n' +
  'GCc5VokUaE9qOF9a\n' +
  '-----END PRIVATE KEY-----\n';

const RSA_CERTIFICATE =
  '-----BEGIN CERTIFICATE-----\n' +
  'MIICADCCAWmgAwIBAgIUWclpQUapJslCdwhLLKHQdwkVdkMwDQYJKoZIhvcNAQEL\n' +
  'BQAwETEPMA0GA1UEAwwGdG9rZW5zMCAXDTI2MTEyMDE3MDkwMVoYDzIxMjYxMDI3\n' +
  'MTcwOTAxWjARMQ8wDQYDVQQDDAZ0b2tlbnMwgZ8wDQYJKoZIhvcNAQEBBQADgY0A\n' +
  'MIGJAoGBAMw3wEXEFOot07DjK+tGOPwlJpDfYe+JBNpUTo03n9n7LMjGHo3803Kl\n' +
  'VV3D7pHyY+AzMCF10c31Mneunyt5DJ8kCEsQ6IVQgVNSk30Af+jQmpt8ULERjfaf\n' +
  'PhQMVsQmGJEMRBFazO2Rp9b8qPmxgnRz+WDkh9Vy6zxRBQqfe1yfAgMBAAGjUzBR\n' +
  'MB0GA1UdDgQWBBRE6TN4W9nYHMRiQW0WXCxFvYBJfjAfBgNVHSMEGDAWgBRE6TN4\n' +
  'W9nYHMRiQW0WXCxFvYBJfjAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUA\n' +
  'A4GBAKcRul5PS9iAfEDqu+ja6NL3HKl8at4FgSd7X8PGpimDvuAfaT6MOPdYhPi+\n' +
  'P/wPdEonBug7TZsQC5voOh6uncPGBLka3NaNHRF0gKtbTsxyfJ282WXmC/HcRNjj\n' +
  'PYFnwr9Wm7Z1F1ff8aXKFa0dqPMnIHezv/zWA5a9hhvMzqPu\n' +
  '-----END CERTIFICATE-----\n';

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

/** Files that examples name. */
export const KEY_FILES: Readonly<Record<string, string>> = { 'es256.pem': CURVE_KEY, 'rs256.crt': RSA_CERTIFICATE };

/** As a `crt-store` called `tokens` has them. */
export const KEY_STORE: readonly StoredCertificate[] = [
  { name: '@tokens/curve', certificate: latin1(CURVE_CERTIFICATE), privateKey: null, forTokens: true },
  { name: '@tokens/rsa', certificate: latin1(RSA_CERTIFICATE), privateKey: latin1(RSA_KEY), forTokens: true },
  { name: '@tokens/other', certificate: latin1(RSA_CERTIFICATE), privateKey: null, forTokens: false },
];
