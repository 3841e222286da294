/** How serious a diagnostic is. Only an alert stops a start; `-dW` makes warnings do so too. */
export type Severity = 'alert' | 'warning' | 'notice' | 'diag';
