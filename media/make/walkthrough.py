"""Draws the pictures of the walkthrough, one for each theme: python3 media/make/walkthrough.py. Colours of the mock-ups; all data in them is made up."""
import math, random
from pathlib import Path

OUT = Path(__file__).parent.parent / 'walkthrough'
P={'dark':('#cccccc','#9d9d9d','#63b3e8','#f2974b','#73c991'),'light':('#3b3b3b','#616161','#1470ad','#b3500d','#2a7d3c'),'hc':('#ffffff','#ffffff','#7cc8ff','#ffad66','#8cf0a4'),'hcl':('#292929','#292929','#0b5c94','#933f05','#1a5c2b')}
for THEME,(FG,DIM,ICE,EMBER,OK) in P.items():
    LINE=DIM
    def t(x,y,s,fill=FG,size=13,anchor=None,mono=False,weight=None,extra=''):
        a=f' text-anchor="{anchor}"' if anchor else ''
        m=' font-family="monospace"' if mono else ''
        w=f' font-weight="{weight}"' if weight else ''
        s=s.replace('&','&amp;').replace('<','&lt;')
        return f'<text x="{x}" y="{y}" fill="{fill}" font-size="{size}"{a}{m}{w}{extra}>{s}</text>'
    def r(x,y,w,h,fill='none',rx=0,stroke=None,op=None,sw=1,extra=''):
        return f'<rect x="{x}" y="{y}" width="{w}" height="{h}"'+(f' rx="{rx}"' if rx else '')+f' fill="{fill}"'+(f' stroke="{stroke}" stroke-width="{sw}"' if stroke else '')+(f' fill-opacity="{op}"' if op is not None else '')+extra+'/>'
    def p(d,stroke=FG,w=1.5,fill='none',extra=''):
        return f'<path d="{d}" fill="{fill}" stroke="{stroke}" stroke-width="{w}" stroke-linecap="round" stroke-linejoin="round"{extra}/>'
    def write(name,w,h,b):
        open(f'{OUT}/{name}-{THEME}.svg','w').write(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {w} {h}" width="{w}" height="{h}" font-family="system-ui, sans-serif">\n'+'\n'.join(b)+'\n</svg>\n')
    def folder(x,y,c=EMBER):
        return p(f'M{x} {y+2}h5l2 2.5h9v9.5h-16z',c,1.3)
    W,H=480,340
    # 1 folder
    b=[folder(36,46),t(62,58,'photos',weight=600)]
    rows=[('bird',18),('building',26),('mammal',61),('vehicle',43)]
    b.append(p('M44 68v200',DIM,1,extra=' stroke-opacity=".5"'))
    for i,(n,k) in enumerate(rows):
        y=84+i*56
        b.append(p(f'M44 {y+24}h14',DIM,1,extra=' stroke-opacity=".5"'))
        b.append(folder(66,y+16,ICE)); b.append(t(92,y+28,n))
        for j in range(5):
            x=182+j*44
            b.append(r(x+.5,y+6.5,35,35,FG,3,op=.06)); 
            cx,cy=x+18,y+24
            if n=='bird':
                b.append(p(f'M{cx-11} {cy+j-3}q5 -7 11 0q6 -7 11 0',EMBER,1.8)); b.append(p(f'M{cx-7} {cy+j+6}q3.5 -4 7 0q3.5 -4 7 0',DIM,1.4))
            elif n=='building':
                hts=[14,20,16,22,12]
                b.append(r(cx-11,cy+11-hts[j],9,hts[j],ICE,1,op=.75)); b.append(r(cx+1,cy+11-hts[(j+2)%5],9,hts[(j+2)%5],EMBER,1,op=.75))
            elif n=='mammal':
                b.append(f'<circle cx="{cx}" cy="{cy+2}" r="{8+j%3}" fill="{EMBER}" fill-opacity=".75"/>'); b.append(p(f'M{cx-7} {cy-3}l-1 -8l6 4M{cx+7} {cy-3}l1 -8l-6 4',EMBER,1.8))
            else:
                b.append(p(f'M{cx-12} {cy+4}v-5h5l4 -6h8l4 6h4v5z',ICE,1.6,extra='')); b.append(f'<circle cx="{cx-6}" cy="{cy+6}" r="3" fill="{DIM}"/><circle cx="{cx+7}" cy="{cy+6}" r="3" fill="{DIM}"/>')
        b.append(t(444,y+28,str(k),DIM,12,'end'))
    write('folder',W,H,b)
    # 2 run file
    b=[t(64,40,'Preflight  |  Run  |  Compare',DIM,11)]
    lines=[[('{',FG)],
    [('  // ',DIM),('4 classes; 118 images to train',DIM)],
    [('  "model"',ICE),(': { ',FG),('"source"',ICE),(': ',FG),('"thaw:efficientnet-lite0"',EMBER),(' },',FG)],
    [('  "data"',ICE),(':  { ',FG),('"source"',ICE),(': ',FG),('"photos"',EMBER),(' },',FG)],
    [],
    [('  // ',DIM),('every weight trains',DIM)],
    [('  "strategy"',ICE),(': ',FG),('"full"',EMBER),(',',FG)],
    [('  "train"',ICE),(': { ',FG),('"steps"',ICE),(': ',FG),('70',OK),(', ',FG),('"seed"',ICE),(': ',FG),('1',OK),(' }',FG)],
    [('}',FG)]]
    for i,l in enumerate(lines):
        y=66+i*27
        b.append(t(40,y,str(i+1),DIM,12,'end',True))
        sp=''.join(f'<tspan fill="{c}">{s}</tspan>' for s,c in l)
        if l: b.append(f'<text x="64" y="{y}" font-family="monospace" font-size="13" xml:space="preserve">{sp}</text>')
    write('run-file',W,H-20,b)
    # 3 preflight
    b=[t(40,46,'photos.thaw.json is ready',weight=600,size=15)]
    for i,(a,d) in enumerate([('4 classes, 148 images','118 to train, 30 held out for the test'),('No copies across the splits','every image was read'),('Fits into memory','0.6 of 4.0 GB on wasm'),('70 steps, about 1 min','from a trial step on this machine')]):
        y=84+i*56
        b.append(f'<circle cx="50" cy="{y+8}" r="9" fill="none" stroke="{OK}" stroke-width="1.5"/>'); b.append(p(f'M46 {y+8.5}l3 3l5.5 -6.5',OK,1.8))
        b.append(t(74,y+6,a)); b.append(t(74,y+24,d,DIM,12))
    write('preflight',W,H-20,b)
    # 4 run
    b=[r(36.5,34.5,196,190,'none',4,DIM,extra=' stroke-dasharray="4 4"'),t(52,58,'This window',DIM,12)]
    b+=[r(52,76,110,6,FG,3,op=.35),r(52,94,140,6,FG,3,op=.2),r(52,112,86,6,FG,3,op=.2),r(52,130,124,6,FG,3,op=.2)]
    b+=[t(52,172,'may reload or close',DIM,12)]
    b+=[r(36.5,200.5,196,24,FG,0,op=.08),t(48,217,'❄ photos 37 %',FG,12)]
    b+=[p('M240 130h40',DIM,1.4),p('M274 124l7 6l-7 6',DIM,1.4)]
    b+=[r(288.5,34.5,156,190,'none',4,EMBER,sw=1.5),t(304,58,'Trainer',FG,13,weight=600),t(304,76,'a process of its own',DIM,12)]
    b+=[r(304,96,124,6,FG,3,op=.15),r(304,96,46,6,EMBER,3),t(304,122,'step 26 of 70',DIM,12)]
    pts=[]
    random.seed(3)
    for i in range(26): pts.append((304+i*4.9,212-66*(0.12+0.88*math.exp(-i/9))+random.uniform(-3,3)*1))
    pts=[(x,146+ (212-146)*(1-(0.12+0.88*math.exp(-i/9)))+random.uniform(-3,3)) for i,(x,_) in enumerate(pts)]
    b.append(p('M'+'L'.join(f'{x:.1f} {y:.1f}' for x,y in pts),EMBER,1.6))
    b+=[t(36,262,'goes on, and is there when the window opens again',DIM,12)]
    b+=[p('M36 250h0',DIM,0)]
    write('run',W,290,b)
    # 5 see
    b=[]
    stages=[('stem',None),('stage2',None),('stage4',34),('stage5',22),('stage6',8),('head',0)]
    X0,X1=110,440;n=44;cw=(X1-X0)/n
    b.append(t(X0,40,'declared',DIM,11)); 
    random.seed(1)
    for i,(s,at) in enumerate(stages):
        y=54+i*40
        b.append(t(98,y+20,s,FG,12,'end'))
        a=n if at is None else at
        if a>0:
            b.append(r(X0,y,round(a*cw,1),3,ICE)); 
            w=a*cw
            b.append(r(X0,y+5,round(w,1),25,ICE,op=.08))
            d=''
            k=0
            while k<w+25:
                x0,x1=k,k-25
                # clip the hatch line to the strip
                xa,ya=(x0,0) if x0<=w else (w,x0-w)
                xb,yb=(x1,25) if x1>=0 else (0,x0)
                if xa>=xb-0.01 and ya<=yb: d+=f'M{X0+xa:.1f} {y+5+ya:.1f}L{X0+xb:.1f} {y+5+yb:.1f}'
                k+=7
            b.append(p(d,ICE,.8,extra=' stroke-opacity=".55"'))
        if a<n:
            b.append(r(round(X0+a*cw,1),y,round((n-a)*cw,1),3,EMBER))
            for j in range(a,n):
                v=.30+.6*math.exp(-(j-a)/14)+random.uniform(-.07,.07)
                b.append(r(round(X0+j*cw,2),y+5,round(cw,2),25,EMBER,op=round(max(.15,min(1,v)),2)))
            if a>0: b.append(p(f'M{X0+a*cw:.1f} {y}v30',FG,1.2))
    y=54+6*40+8
    for k in (0,20,40,60): b.append(t(round(X0+k*(X1-X0)/66,1),y,str(k),DIM,11,'middle'))
    b.append(t(98,y,'step',DIM,11,'end'))
    b+=[r(X0,y+16,14,10,ICE,op=.12,stroke=ICE),t(X0+20,y+25,'frozen, did not move',DIM,11),r(X0+160,y+16,14,10,EMBER),t(X0+180,y+25,'moved',DIM,11)]
    write('see',W,H+10,b)
    # 6 compare
    b=[t(40,44,'The same 229 images',weight=600,size=14),t(40,62,'balanced accuracy, 95 % interval',DIM,12)]
    rows=[('linear probe',.670,.600,.733,ICE),('last stage',.694,.631,.748,EMBER),('full fine-tuning',.717,.653,.770,EMBER)]
    sx=lambda v:170+(v-.55)/(.80-.55)*220
    for k in (.6,.7,.8):
        b.append(p(f'M{sx(k):.1f} 84v150',DIM,1,extra=' stroke-opacity=".35"')); b.append(t(round(sx(k),1),252,f'{k:.1f}',DIM,11,'middle'))
    for i,(n_,m,lo,hi,c) in enumerate(rows):
        y=110+i*48
        b.append(t(154,y+4,n_,FG,13,'end')); b.append(p(f'M{sx(lo):.1f} {y}H{sx(hi):.1f}M{sx(lo):.1f} {y-5}v10M{sx(hi):.1f} {y-5}v10',c,1.8)); b.append(f'<circle cx="{sx(m):.1f}" cy="{y}" r="4.5" fill="{c}"/>')
        b.append(t(440,y+4,f'{m:.3f}',FG,13,'end'))
    b.append(t(40,284,'not separated: more seeds or images would tell',DIM,12))
    write('compare',W,310,b)
    