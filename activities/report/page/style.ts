import { declarations } from '../palette.ts';

/** One style sheet for screen, phone and paper; system fonts only, so that nothing is fetched. */
export const style = `
:root{color-scheme:light dark;${declarations('light')}}
@media (prefers-color-scheme:dark){:root{${declarations('dark')}}}
@media print{:root{color-scheme:light;${declarations('light')}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--surface);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif}
main,header,footer{max-width:760px;margin:0 auto;padding:0 20px}
header{padding-top:44px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.015em;margin:0 0 6px}
h2{font-size:21px;line-height:1.3;letter-spacing:-.01em;margin:56px 0 6px}
p{margin:8px 0;max-width:66ch}
.lead,figcaption,.note,footer,dt{color:var(--muted)}
.note,figcaption,footer{font-size:14px}
.findings{list-style:none;margin:26px 0 0;padding:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px}
.findings li{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:14px 16px;font-size:14px;line-height:1.45;color:var(--muted)}
.findings strong{display:block;color:var(--ink);font-size:24px;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}
figcaption{margin-top:8px}
.download{margin:4px 0 0}
figure{margin:18px 0 14px;break-inside:avoid}
figure h3{font-size:15px;font-weight:600;margin:0 0 8px}
figure svg{display:block;max-width:100%;height:auto;--plot-background:var(--surface)}
.narrow{display:none}
.scroll{overflow-x:auto;margin:16px 0;-webkit-overflow-scrolling:touch}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;width:100%}
caption{text-align:left;font-weight:600;font-size:15px;padding:0 0 8px}
th,td{padding:6px 10px;text-align:right;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--muted);white-space:nowrap}
thead th{vertical-align:bottom}
th[scope=row]{color:var(--ink);position:sticky;left:0;background:var(--surface);z-index:1;max-width:300px;overflow:hidden;text-overflow:ellipsis}
.left,th[scope=row],th:first-child{text-align:left}
.top td,.top th{border-top:0}
td.wrap{white-space:normal;min-width:150px}
.ranks td{text-align:center;border:2px solid var(--surface);border-radius:6px;padding:6px 4px;min-width:42px}
.ranks th{border-bottom:0;padding:6px 8px}
.ranks thead th{font-weight:500;font-size:13px;height:104px;padding:0 4px;position:relative}
.ranks thead th span{writing-mode:vertical-rl;transform:rotate(180deg);max-height:104px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.ranks thead th[scope=col].stage{height:auto}
.key{display:inline-block;width:12px;height:12px;border-radius:3px;vertical-align:-1px;margin:0 5px 0 10px}
.key:first-child{margin-left:0}
a{color:var(--blue)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;font-size:14px;margin:14px 0}
dd{margin:0;overflow-wrap:anywhere}
code{font:13px/1.4 ui-monospace,"SF Mono",Menlo,"DejaVu Sans Mono",monospace}
footer{margin-top:56px;padding-bottom:48px}
@media (max-width:600px){
body{font-size:15px}main,header,footer{padding-left:14px;padding-right:14px}header{padding-top:26px}h1{font-size:25px}h2{margin-top:40px}
.wide{display:none}.narrow{display:block}th[scope=row]{max-width:44vw}th,td{padding:6px 7px}.findings{grid-template-columns:1fr 1fr;gap:8px}.findings li{padding:11px 12px}.findings strong{font-size:21px}
dl{grid-template-columns:1fr}dt{margin-top:6px}
}
@media print{
@page{margin:16mm}
body{font-size:11pt}main,header,footer{max-width:none;padding:0}header{padding-top:0}h2{margin-top:26px;break-after:avoid}
.wide{display:block}.narrow,.download{display:none}.scroll{overflow:visible}th[scope=row]{position:static;white-space:normal}tr{break-inside:avoid}
.ranks td,.findings li,.key{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
`;
