var n=(t,o)=>{let e=document.getElementById(t);e&&(e.textContent="",setTimeout(()=>e.textContent=o,50))},r=t=>n("announce",t),c=t=>n("alert",t);export{r as a,c as b};
