
const frames=[...document.querySelectorAll("section")],links=[...document.querySelectorAll("nav a")];
const back=document.getElementById("back"),next=document.getElementById("next");
let at=0;
function show(to){
at=Math.max(0,Math.min(frames.length-1,to));
frames.forEach((frame,i)=>frame.classList.toggle("now",i===at));
links.forEach((link,i)=>link.classList.toggle("now",i===at));
back.disabled=at===0;next.disabled=at===frames.length-1;
}
function go(to){show(to);history.replaceState(null,"","#"+frames[at].id);}
links.forEach((link,i)=>link.addEventListener("click",event=>{event.preventDefault();go(i);}));
back.addEventListener("click",()=>go(at-1));next.addEventListener("click",()=>go(at+1));
document.addEventListener("keydown",event=>{
if(event.key==="ArrowRight"||event.key===" "&&event.target.tagName!=="BUTTON"){event.preventDefault();go(at+1);}
if(event.key==="ArrowLeft"){event.preventDefault();go(at-1);}
});
document.body.classList.add("clicks");
show(frames.findIndex(frame=>"#"+frame.id===location.hash));
addEventListener("load",()=>scrollTo(0,0));
