/** The search box: hides the rows that do not hold what is typed. Without it every row is shown. */
export const script = `
const box=document.getElementById('find'),said=document.getElementById('found');
const rows=[...document.querySelectorAll('[data-find]')].map(at=>({at,text:at.textContent.toLowerCase()}));
const folds=[...document.querySelectorAll('main details')];
if(rows.length>10)box.closest('form').hidden=false;
box.form.addEventListener('submit',event=>event.preventDefault());
box.addEventListener('input',()=>{
  const asked=box.value.trim().toLowerCase();
  let n=0;
  for(const{at,text}of rows){const hit=text.includes(asked);at.hidden=!hit;if(hit)n++}
  if(asked)for(const fold of folds)fold.open=fold.querySelector('[data-find]:not([hidden])')!==null;
  said.textContent=asked?n+' of '+rows.length+' rows':'';
});
addEventListener('beforeprint',()=>{for(const fold of folds)fold.open=true});
`;
