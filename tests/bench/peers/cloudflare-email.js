/** Stands in for `cloudflare:email`, which plain workerd lacks. The benchmark sends no mail. */
export class EmailMessage {}
